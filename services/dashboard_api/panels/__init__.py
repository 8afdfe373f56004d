"""A panel is a name, its SQL, and a pure ``render``; live is the same panel at the present."""
