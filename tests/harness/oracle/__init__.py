"""Works out right answers from the sandboxes' own dumps; shares no code with what it judges."""
