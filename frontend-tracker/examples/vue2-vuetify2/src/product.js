// The data of this product. All of it is invented.

export const reports = ['latency', 'errors', 'logs'];

export const tabs = ['members', 'alerts', 'billing'];

export const projects = [
  {
    id: 'shop',
    name: 'Shop',
    apps: [
      { id: 'checkout', name: 'Checkout', load: [4, 5, 7, 6, 9, 12, 10, 8, 9, 7] },
      { id: 'catalog', name: 'Catalog', load: [8, 8, 9, 8, 7, 8, 9, 9, 8, 8] },
    ],
  },
  {
    id: 'warehouse',
    name: 'Warehouse',
    apps: [
      { id: 'stock', name: 'Stock', load: [2, 2, 3, 5, 8, 9, 7, 4, 3, 2] },
      { id: 'picking', name: 'Picking', load: [1, 3, 6, 8, 9, 9, 8, 6, 3, 1] },
      { id: 'labels', name: 'Labels', load: [5, 4, 5, 6, 5, 4, 5, 6, 5, 4] },
    ],
  },
];

export const projectOf = (id) => projects.find((project) => project.id === id);

export const appOf = (project, id) => projectOf(project)?.apps.find((app) => app.id === id);
