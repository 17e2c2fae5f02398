"""The StrategyOrchestrator, its results and what a run leaves behind."""
