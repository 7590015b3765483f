"""Autoscaling while a run goes on: policies are asked, what they say together is decided, and hosts come and go."""
