"""k-means for every k on the sphere or the plane, and its scores.

cells, grouping                 sums per cell, where there are too many points
sweep, search, kmeans           k-means for every k
silhouette, silhouette_kernel   the exact or sampled mean silhouettes
cluster_silhouettes             those of each cluster
indices                         Calinski-Harabasz and Davies-Bouldin
elbow                           the knee of the inertias
refits                          gap statistic and stability, which fit anew
"""

from lightning_eda.clustering.kmeans.silhouette import silhouette_scores
from lightning_eda.clustering.kmeans.sweep import kmeans_sweep

__all__ = ["kmeans_sweep", "silhouette_scores"]
