"""A small cloud in one process, spoken over real wires: the demo and the tests use it."""
