"""Which addresses are the same thing by an operator's word: loaded, judged, and told to whom it may be."""
