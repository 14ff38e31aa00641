"""Real-time speech compliance monitor for Mandarin customer-service calls."""
