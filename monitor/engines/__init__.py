"""Speech engines, their weights, and the batcher that shares them between calls."""
