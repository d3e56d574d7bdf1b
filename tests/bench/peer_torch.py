"""The peer of bench_train: the same training step in PyTorch eager, one thread, data in memory.

    peer_torch.py JOB      one line: samples per CPU second

A sweep in PyTorch is one configuration after the other, so one configuration's speed is the sweep's.
"""
import sys
import time

import torch
import torch.nn as nn

JOBS = {
    "mlp": (784, [256, 256], 10, 64, 1500),
    "mlp-sweep": (784, [256, 256], 10, 64, 1500),
    "small-sweep": (784, [32, 32], 10, 64, 3000),
    "tiny-sweep": (20, [32, 32], 2, 32, 4000),
    "softmax-sweep": (784, [], 10, 64, 5000),
}


def main(job):
    d, hidden, classes, batch, steps = JOBS[job]
    torch.set_num_threads(1)
    torch.manual_seed(1)
    n = 20000
    x, y = torch.randn(n, d), torch.randint(classes, (n,))
    layers, width = [], d
    for h in hidden:
        layers += [nn.Linear(width, h), nn.ReLU()]
        width = h
    model = nn.Sequential(*layers, nn.Linear(width, classes))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    loss_of = nn.CrossEntropyLoss()

    def train(count):
        order, at = torch.randperm(n), 0
        for _ in range(count):
            if at + batch > n:
                order, at = torch.randperm(n), 0
            index = order[at:at + batch]
            at += batch
            optimizer.zero_grad()
            loss_of(model(x[index]), y[index]).backward()
            optimizer.step()

    train(100)
    start = time.process_time()
    train(steps)
    print("%.0f" % (steps * batch / (time.process_time() - start)))


main(sys.argv[1])
