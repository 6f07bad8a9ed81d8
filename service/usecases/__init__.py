"""What the service does, between the ports: find the seed, expand it hop by hop, say how it went.

    service        everything open, as the API uses it
    plan repeats   around an answer: what it will cost, or the same again · purge resolve
    answer/        one answer under way, from a request to a page
    crosswalk/     which addresses are one thing · estimate/ how many calls a question will take
    asking/        a hop's questions put to their sources, each once
    cached/        what one request may read of the cache, and leaves there
    ask request    the words they all use · source meter pulse switch caller_limits

Each imports only what stands below it.
"""
