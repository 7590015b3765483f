"""`mmesim plan`: the cheapest fleet of a grid that meets what is expected."""
