// What is loaded when it is needed?
import { createElement } from 'react';

export const LazyPage = () => createElement('p', null, 'loaded');
