"""The portfolio as a long-lived system: services, orchestrators, supervision. From here on there is asyncio."""
