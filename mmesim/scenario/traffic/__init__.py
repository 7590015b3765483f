"""The section `traffic`: arrivals, popularity, drift, sessions, traces, fingerprints."""
