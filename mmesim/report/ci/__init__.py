"""What a gate tells the systems that build: JUnit XML, annotations of GitHub, a comment on a pull request."""
