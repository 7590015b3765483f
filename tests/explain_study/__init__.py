"""Whether `mmesim explain` finds causes that are built into scenarios, and whether what it advises helps."""
