"""The simulation: a SimPy control plane over a compiled data plane."""
