import './app/color-scheme.ts'
import '@mantine/core/styles.css'
import '@mantine/charts/styles.css'
import './styles/colors.css'
import './styles/base.css'
import './styles/shell.css'
import './styles/overview.css'
import './styles/case-list.css'
import './styles/connections.css'
import './styles/control.css'
import './styles/upgrades.css'
import './styles/people.css'
import './styles/matrix.css'
import './styles/print.css'
import './styles/changes.css'
import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { router } from './app/router.tsx'
import { theme } from './app/theme.ts'
import { queryClient } from './server/api.ts'

const nonce = document.querySelector<HTMLMetaElement>('meta[name="lanekeeper-nonce"]')?.content ?? ''

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
