"""What is remembered of the sources: keys, entries and their freshness, pure; and the store port."""
