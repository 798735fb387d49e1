"""What the integration tests share: a private PostgreSQL, the simulator, and the real programs."""
