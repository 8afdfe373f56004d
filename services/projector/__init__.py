"""PROJECT: from the log into the views of the warehouse, exactly once."""
