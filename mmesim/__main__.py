"""`python -m mmesim` is the command `mmesim`."""

from mmesim.cli import main

if __name__ == "__main__":
    main()
