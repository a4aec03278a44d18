// What each figure means, in a line. Shown as a tooltip where the word stands in a heading and as a list at the end.

export const METRICS = [
  { key: 'auc', label: 'AUC', better: 'high', text: 'Chance that a randomly drawn bad loan is scored riskier than a randomly drawn good one; .5 is chance, 1 is perfect.' },
  { key: 'gini', label: 'Gini', better: 'high', text: '2 × AUC − 1, the accuracy ratio; 0 is chance, 1 is perfect.' },
  { key: 'ks', label: 'KS', better: 'high', text: 'Kolmogorov–Smirnov: the largest gap between the cumulative shares of bads and goods when loans are sorted by score.' },
  { key: 'pr_auc', label: 'PR-AUC', better: 'high', text: 'Area under the precision–recall curve; a useless model has the bad rate.' },
  { key: 'h_measure', label: 'H', better: 'high', text: 'H-measure (Hand): discrimination weighed by one distribution of misclassification costs for every model; 0 is useless, 1 is perfect.' },
  { key: 'brier', label: 'Brier', better: 'low', text: 'Mean squared error of the predicted probability; lower is better.' },
  { key: 'log_loss', label: 'Log-loss', better: 'low', text: 'Mean negative log-likelihood of the predicted probability; lower is better.' },
  { key: 'ece', label: 'ECE', better: 'low', text: 'Expected calibration error: mean gap between predicted and observed bad rate over bins of score; lower is better.' },
  { key: 'accuracy', label: 'Accuracy', better: 'high', threshold: true, text: 'Share of loans classed rightly at the threshold.' },
  { key: 'precision', label: 'Precision', better: 'high', threshold: true, text: 'Share of bads among the loans called bad at the threshold.' },
  { key: 'recall', label: 'Recall', better: 'high', threshold: true, text: 'Share of the bads that are called bad at the threshold.' },
  { key: 'f1', label: 'F1', better: 'high', threshold: true, text: 'Harmonic mean of precision and recall at the threshold.' },
];

export const TERMS = [
  ['Interval', 'The range in square brackets: the plausible values of a figure given how many loans it was measured on.'],
  ['DeLong test', 'Tests whether two models’ AUCs on the same loans differ by more than chance.'],
  ['Holm', 'Raises the p-values to allow for the number of pairs that were tested.'],
  ['Friedman, Nemenyi', 'Rank tests over folds; models whose mean ranks lie closer than the critical difference cannot be told apart.'],
  ['Gain', 'Share of all bads found among the riskiest share of loans.'],
  ['Calibration', 'Whether predicted probabilities agree with the bad rates that were observed.'],
  ['Fold', 'One of the parts into which the loans are split; each is scored by a model that never saw it.'],
  ['AUC alone', 'AUC of one column used as a score by itself on all rows; a description of the data, not a result.'],
];
