"""DECIDE: the rulebook, deadlines, warnings and what officers do about them."""
