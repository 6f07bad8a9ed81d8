"""The OpenAPI document: what every route takes and answers, made of the code that does it."""
