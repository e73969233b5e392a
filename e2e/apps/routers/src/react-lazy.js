// A lazily loaded route.
import { createElement } from 'react';

export const LazyPage = () => createElement('p', null, 'loaded');
