"""The rows of the table, one family a module: each measures ours and a contender in turns."""
