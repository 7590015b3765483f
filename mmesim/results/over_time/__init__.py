"""What happened over time: courses after events, the fleet, what it costs against a fixed one."""
