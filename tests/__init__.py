"""The tests: unit, contract, integration, services, faults, browser; and performance, which `make bench` runs."""
