"""What moderators of a guild are told and decide: their channel, cases, and whom they have timed out or banned."""
