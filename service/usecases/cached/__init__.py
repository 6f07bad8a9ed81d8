"""What one request may read of the cache, and what it leaves there."""
