"""What the service does, between the ports: find the seed, expand it hop by hop, say how it went."""
