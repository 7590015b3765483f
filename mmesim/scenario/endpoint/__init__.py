"""The section `endpoint`: router, hosts, memory, disk, eviction; the catalogue of instance types."""
