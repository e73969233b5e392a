// Defines the routes for both versions of vue-router. Guards have a form that both support.
import { later } from './drive.js';

/** The routes, with the components of pages, of a page that others are in, and of one that is loaded when needed. */
export function routesOf({ page, frame, lazy, rest }) {
  return [
    { path: '/', component: page },
    { path: '/items', component: page },
    {
      path: '/items/:item',
      component: frame,
      children: [
        { path: '', component: page },
        { path: 'notes', component: page },
        { path: 'parts/:part?', component: page },
      ],
    },
    { path: '/lazy', component: lazy },
    { path: '/old', redirect: '/items' },
    { path: '/older', redirect: '/old' },
    { path: '/login', component: page },
    { path: '/guarded', component: page, beforeEnter: (to, from, next) => next('/login') },
    { path: '/late-guarded', component: page, beforeEnter: (to, from, next) => later(() => next('/login')) },
    { path: '/later', component: page, beforeEnter: (to, from, next) => later(() => next()) },
    { path: '/blocked', component: page, beforeEnter: (to, from, next) => next(false) },
    { path: '/failing', component: page, beforeEnter: (to, from, next) => next(new Error('as it should')) },
    { path: '/end', component: page },
    { path: rest, component: page },
  ];
}
