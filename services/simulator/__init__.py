"""A province of centres that speaks to the public doors as real ones would."""
