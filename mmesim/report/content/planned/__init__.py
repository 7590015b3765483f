"""What a plan says, from its document alone: `words`, `statement`, table of `fleets`, `why` not others; `report`."""
