"""One package per upstream, strangers to each other."""
