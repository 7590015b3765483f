"""What binds: which resource or setting the slowest and the failed calls wait for, and its use against its limit."""
