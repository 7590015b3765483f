"""How much of something a fleet carries: more and more of it, until a line of `expect` fails."""
