"""The mathematics of a step: schedules, samplers, guidance, and the parameters they take."""
