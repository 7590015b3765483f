"""How far an answer depends on what nobody knows: on what AWS does not publish, and on uncertain inputs."""
