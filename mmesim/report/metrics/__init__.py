"""A run in CloudWatch's words: for CloudWatch itself, for a spreadsheet, and for Prometheus and Grafana."""
