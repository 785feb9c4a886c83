"""The asset checks: what is asked of each hour and day, and what to do when the answer is no.

They are evaluated inside the assets (`check_results`), so they cost no step of their own.

lightning   of granules, rows and clusters
freshness   whether the newest hour is loaded
grids       of the density grids
distances   of distance clustering
tables      of the S3 tables
result      what each of them gives
"""
