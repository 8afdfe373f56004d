"""Each service of a cluster as a process; a process loads its own service alone."""
