"""Why a scenario is as it is: what binds, what would change it (paired what-ifs), and what is wrong, with advice."""
