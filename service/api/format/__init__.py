"""The answer in other formats: one pure writer each, and the choice among them."""
