"""What the service is measured against: small honest programs that give the same answers."""
