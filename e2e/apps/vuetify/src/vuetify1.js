// Which size does Vuetify 1 say that this page has?
import Vue from 'vue';
import Vuetify from 'vuetify1';
import { told } from './told.js';

Vue.use(Vuetify);

new Vue({
  render: (h) => h('v-app'),
  mounted() {
    told('vuetify1', this.$vuetify.breakpoint.name);
  },
}).$mount('#app');
