"""The peer of bench_train and bench_prune: the same work in PyTorch eager, one thread, data in memory.

    peer_torch.py JOB                             one line: samples per CPU second; for pruning, CPU milliseconds
    peer_torch.py epoch EXAMPLES RATES READY GO   one line: the time (since 1970) when it ended, CPU seconds

A sweep in PyTorch is one configuration after the other, so one configuration's speed is the sweep's. The second form
trains the MLP for one epoch with each of so many rates: it makes the file READY, waits for the file GO and begins.

Pruning follows the published code in its steps: Wanda sorts each row (n:m: top k of each group), SparseGPT factors, inverts and
factors again, then sweeps blocks of 128 columns, in float32; the Gram matrix is one full product.
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


def wanda(w, norm2, group):
    score = w.abs() * norm2.sqrt().reshape(1, -1)
    mask = torch.zeros_like(score, dtype=torch.bool)
    if group:
        for j in range(0, w.shape[1], 4):
            mask.scatter_(1, j + torch.topk(score[:, j:j + 4], 2, dim=1, largest=False)[1], True)
    else:
        order = torch.sort(score, dim=-1, stable=True)[1]
        mask.scatter_(1, order[:, :w.shape[1] // 2], True)
    return mask


def sparsegpt(w, gram, group):
    w, h, columns = w.clone(), gram.clone(), w.shape[1]
    dead = torch.diag(h) == 0
    h[dead, dead] = 1
    w[:, dead] = 0
    diagonal = torch.arange(columns)
    h[diagonal, diagonal] += 0.01 * torch.mean(torch.diag(h))
    upper = torch.linalg.cholesky(torch.cholesky_inverse(torch.linalg.cholesky(h)), upper=True)
    for at in range(0, columns, 128):
        end = min(at + 128, columns)
        block, part = w[:, at:end].clone(), upper[at:end, at:end]
        new, error = torch.zeros_like(block), torch.zeros_like(block)
        mask = torch.zeros_like(block, dtype=torch.bool)
        if not group:
            score = block ** 2 / torch.diag(part).reshape(1, -1) ** 2
            mask = score <= torch.sort(score.flatten())[0][score.numel() // 2]
        for j in range(end - at):
            if group and j % 4 == 0:
                score = block[:, j:j + 4] ** 2 / torch.diag(part)[j:j + 4].reshape(1, -1) ** 2
                mask.scatter_(1, j + torch.topk(score, 2, dim=1, largest=False)[1], True)
            column = block[:, j].clone()
            column[mask[:, j]] = 0
            new[:, j] = column
            lost = (block[:, j] - column) / part[j, j]
            block[:, j:] -= lost.unsqueeze(1).matmul(part[j, j:].unsqueeze(0))
            error[:, j] = lost
        w[:, at:end] = new
        w[:, end:] -= error.matmul(upper[at:end, end:])
    return w


def inputs(tokens, d):
    x = torch.randn(tokens, d)
    for j in range(1, d):
        x[:, j] = 0.9 * x[:, j - 1] + 0.436 * x[:, j]
    return x * (0.3 + 1.7 * (torch.arange(d) * 7 % d) / d)


PRUNING = {  # inputs, examples, rounds, the work
    "norms": (768, 16384, 5, lambda x, w, h: torch.norm(x, p=2, dim=0) ** 2),
    "gram": (768, 16384, 5, lambda x, w, h: x.t().matmul(x)),
    "gram-wide": (3072, 16384, 2, lambda x, w, h: x.t().matmul(x)),
    "wanda": (768, 2048, 10, lambda x, w, h: wanda(w, torch.diag(h), False)),
    "wanda-n:m": (768, 2048, 10, lambda x, w, h: wanda(w, torch.diag(h), True)),
    "sparsegpt": (768, 2048, 5, lambda x, w, h: sparsegpt(w, h, False)),
    "sparsegpt-n:m": (768, 2048, 5, lambda x, w, h: sparsegpt(w, h, True)),
    "sparsegpt-wide": (3072, 4096, 2, lambda x, w, h: sparsegpt(w, h, False)),
}


def pruning_time(job):
    d, tokens, rounds, work = PRUNING[job]
    x, w = inputs(tokens, d), torch.randn(768, d)
    h = x.t().matmul(x)
    best = float("inf")
    with torch.no_grad():
        for _ in range(rounds):
            start = time.process_time()
            work(x, w, h)
            best = min(best, time.process_time() - start)
    print("%.3f" % (1e3 * best))


torch.set_num_threads(1)
torch.manual_seed(1)
if sys.argv[1] == "epoch":
    epoch(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5])
elif sys.argv[1] in PRUNING:
    pruning_time(sys.argv[1])
else:
    speed(sys.argv[1])
