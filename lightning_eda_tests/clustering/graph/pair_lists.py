"""Lists of pairs for the tests of clustering, and the textbook's answers."""

import numpy as np
from hypothesis import strategies as st

EPS_OF_TIES = 2.0


@st.composite
def pair_lists(draw, max_items=12, max_pairs=40):
    """Items and rows (i, j, distance): repeats either way round, self pairs, zeros, and ties at eps = 2."""
    n = draw(st.integers(1, max_items))
    item = st.integers(0, n - 1)
    distance = st.sampled_from([0.0, 1.0, 1.5, EPS_OF_TIES, np.nextafter(EPS_OF_TIES, 3), 3.0])
    return n, draw(st.lists(st.tuples(item, item, distance), max_size=max_pairs))


def columns(rows):
    """The three arrays of a list of rows."""
    i, j, distance = zip(*rows, strict=True) if rows else ((), (), ())
    return np.array(i, np.int64), np.array(j, np.int64), np.array(distance, np.float64)


def distances_of_pairs(rows):
    """The smallest distance of each pair of different items, both ways round."""
    known = {}
    for i, j, distance in rows:
        if i != j:
            known[i, j] = known[j, i] = min(distance, known.get((i, j), np.inf))
    return known


def textbook_dbscan(n, rows, eps, min_samples):
    """The labels by the walk of the paper, one item at a time."""
    known = distances_of_pairs(rows)
    near = [[b for b in range(n) if a == b or known.get((a, b), np.inf) <= eps] for a in range(n)]
    core = [len(neighbours) >= min_samples for neighbours in near]
    labels = [-1] * n
    cluster = 0
    for start in range(n):
        if not core[start] or labels[start] != -1:
            continue
        reached = [start]
        while reached:
            item = reached.pop()
            if labels[item] == -1:
                labels[item] = cluster
                if core[item]:
                    reached += near[item]
        cluster += 1
    return labels


def sparse_matrix(n, rows):
    """The symmetric matrix that scikit-learn is given, each pair once, zeros stored."""
    from scipy.sparse import csr_matrix

    known = distances_of_pairs(rows)
    places = np.array(list(known), np.int64).reshape(-1, 2).T
    return csr_matrix((np.array(list(known.values())), tuple(places)), shape=(n, n))


def geometric(seed, n=300, reach=3.0, grid=False):
    """Pairs of points in the plane closer than `reach`: items, and rows in random order, either way round."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 20, (n, 2))
    if grid:
        points = np.round(points)
    apart = np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1))
    i, j = np.nonzero(np.triu(apart <= reach, 1))
    swap = rng.random(len(i)) < 0.5
    i, j = np.where(swap, j, i), np.where(swap, i, j)
    order = rng.permutation(len(i))
    return n, list(zip(i[order].tolist(), j[order].tolist(), apart[i, j][order].tolist(), strict=True))
