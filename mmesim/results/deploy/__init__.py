"""A scenario as the files that deploy it on SageMaker."""
