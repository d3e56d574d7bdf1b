"""The peer of bench_train: the same training step in PyTorch eager, one thread, data in memory.

    peer_torch.py JOB                             one line: samples per CPU second
    peer_torch.py epoch EXAMPLES RATES READY GO   one line: the time (since 1970) when it ended, CPU seconds

A sweep in PyTorch is one configuration after the other, so one configuration's speed is the sweep's. The second form
trains the MLP for one epoch with each of so many rates: it makes the file READY, waits for the file GO and begins.
"""
import os
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
    "convnet": (784, "conv", 10, 64, 200),
}


class Trainer:
    """One model and its data; `train` does mini-batch updates in a fresh random order per epoch."""

    def __init__(self, job, examples=20000):
        self.d, self.hidden, self.classes, self.batch, self.steps = JOBS[job]
        self.x, self.y = torch.randn(examples, self.d), torch.randint(self.classes, (examples,))
        self.loss_of = nn.CrossEntropyLoss()
        self.reset(1e-3)

    def reset(self, rate):
        layers, width = [], self.d
        if self.hidden == "conv":
            layers = [nn.Unflatten(1, (1, 28, 28)), nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                      nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
            width = 32 * 7 * 7
        for h in [] if self.hidden == "conv" else self.hidden:
            layers += [nn.Linear(width, h), nn.ReLU()]
            width = h
        self.model = nn.Sequential(*layers, nn.Linear(width, self.classes))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=rate, momentum=0.9)

    def train(self, count):
        n = len(self.x)
        order, at = torch.randperm(n), 0
        for _ in range(count):
            if at + self.batch > n:
                order, at = torch.randperm(n), 0
            index = order[at:at + self.batch]
            at += self.batch
            self.optimizer.zero_grad()
            self.loss_of(self.model(self.x[index]), self.y[index]).backward()
            self.optimizer.step()


def speed(job):
    trainer = Trainer(job)
    trainer.train(100)
    start = time.process_time()
    trainer.train(trainer.steps)
    print("%.0f" % (trainer.steps * trainer.batch / (time.process_time() - start)))


def epoch(examples, rates, ready, go):
    trainer = Trainer("mlp-sweep", examples)
    trainer.train(20)
    open(ready, "w").close()
    while not os.path.exists(go):
        time.sleep(0.001)
    start = time.process_time()
    for i in range(rates):
        trainer.reset(1e-4 * 1e2 ** (i / rates))
        trainer.train(examples // trainer.batch)
    print("%.3f %.2f" % (time.time(), time.process_time() - start))


torch.set_num_threads(1)
torch.manual_seed(1)
if sys.argv[1] == "epoch":
    epoch(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5])
else:
    speed(sys.argv[1])
