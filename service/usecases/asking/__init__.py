"""Puts one hop's questions to their sources: each once, whoever else is asking the same."""
