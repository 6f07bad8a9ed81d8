"""How many calls a question will take, guessed from what other questions have shown."""
