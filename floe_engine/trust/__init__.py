"""Whom to believe: whose word counts where, and the one verdict on an artifact.

Every command that believes an artifact asks here. What is done with what is believed is not decided here.
"""
